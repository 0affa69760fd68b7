/** A word of a line that is pasted into a shell: names of a proposal are no commands. */
export function shellWord(text: string): string {
  return /^[\w./:=,@%+#-]+$/.test(text) && !text.startsWith("#")
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
