/** Numbers as a page writes them. */

/** "1,911": the same wherever it is read, which a locale is not. */
export function countText(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Not all is not 100 %. */
export function percentText(part: number, of: number): string {
  if (of === 0) return "nothing";
  return `${part === of ? "100" : (Math.floor((part / of) * 1000) / 10).toFixed(1)} %`;
}

/** "1 run", "3 runs" */
export function manyText(n: number, one: string, many = `${one}s`): string {
  return `${countText(n)} ${n === 1 ? one : many}`;
}
