/** The packed words that a reference reads from: those of a state that is fixed, or those that a call is changing. */
export interface Space {
  readonly id: string;
  /** The variable that holds a word. */
  word(index: number): string;
  /** Where the words never change, a cell's value is read once for all that is generated in one function: its name there. */
  readonly hoists: boolean;
  readonly changes: boolean;
}
