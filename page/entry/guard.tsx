/** Whatever goes wrong while the page is drawn is said, in the place of what could not be drawn. */
import { Component, type ComponentChildren } from "preact";
import { Problem } from "../picture/problem.tsx";

interface Props {
  readonly children: ComponentChildren;
}

interface State {
  readonly text: string | null;
}

export class Guard extends Component<Props, State> {
  override state: State = { text: null };

  static override getDerivedStateFromError(error: unknown): State {
    return { text: messageOf(error) };
  }

  override render({ children }: Props, { text }: State): ComponentChildren {
    if (text === null) return children;
    return <Problem text={text} onClose={() => this.setState({ text: null })} />;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
