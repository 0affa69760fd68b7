/** What `gmemcheck emit` can write, known without loading what writes it. */
export const EMIT_KINDS = ["c", "kselftest", "mermaid", "itf"] as const;
export type EmitKind = (typeof EMIT_KINDS)[number];
