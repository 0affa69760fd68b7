/** Outcomes of one call that are counted apart; the last one is that of steps whose ways end differently. */
export const OUTCOMES = 16;
