/** What a user asked for that cannot be: an unknown name, an impossible bound. Says what was possible. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
