/** Medians and ratios of what was measured. */

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("there is no median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Null where a value is not known, or there is nothing to compare with. */
export function ratio(value: number | null, to: number | null): number | null {
  return value === null || to === null || to === 0 ? null : value / to;
}
