/** The Redis, or Valkey, that holds the queue. */
import { Redis } from "ioredis";
import { UsageError } from "../../checkers/usage-error.ts";
import { tell } from "../output.ts";

const PATIENCE_MS = 5_000;
const MOST_BETWEEN_TRIES_MS = 2_000;

/** Connected; later on it connects again by itself, and whatever is asked meanwhile waits. Throws UsageError. */
export async function connect(url: string): Promise<Redis> {
  const place = placeOf(url);
  let hasBeenThere = false;
  let last = "no answer";
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: PATIENCE_MS,
    lazyConnect: true,
    retryStrategy: (tries) => (hasBeenThere ? Math.min(tries * 100, MOST_BETWEEN_TRIES_MS) : null),
  });
  redis.on("error", (error) => void (last = error.message === "" ? String(error) : error.message));
  try {
    await redis.connect();
    await redis.ping();
    hasBeenThere = true;
  } catch (error) {
    redis.disconnect();
    const why = (error as Error).message;
    throw new UsageError(
      `--redis: no Redis answers at ${place}: ${/closed/i.test(why) ? last : why}\n` +
        "  usual cause: it does not run there, the port is another one, or it wants a name and password: redis://NAME:PASSWORD@HOST:PORT",
    );
  }
  await warnOfEviction(redis, place);
  return redis;
}

/** Without what may be a password. */
export function placeOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new UsageError(`--redis: "${url}" is not a URL; expected redis://HOST:PORT, or rediss:// for TLS`);
  }
  if (parsed.protocol === "redis:" || parsed.protocol === "rediss:") return parsed.host;
  throw new UsageError(
    `--redis: ${parsed.protocol}// is not what Redis speaks; expected redis://HOST:PORT, or rediss:// for TLS`,
  );
}

/** One that throws away what it has no room for loses jobs; they would be put there again, but not their answers. */
async function warnOfEviction(redis: Redis, place: string): Promise<void> {
  const memory = await redis.info("memory").catch(() => "");
  const policy = /maxmemory_policy:(\S+)/.exec(memory)?.[1] ?? "noeviction";
  if (policy !== "noeviction")
    tell(
      `the Redis at ${place} has maxmemory-policy ${policy}: it may throw jobs away; noeviction keeps them`,
    );
}
