import { Alert } from '@mantine/core';
import { Component, type ComponentType, lazy, type ReactNode, Suspense } from 'react';

const loaders: (() => Promise<unknown>)[] = [];

/** A component that the first load does not carry. `preloadComponents` fetches it when nothing else is to be done. */
export function lazyComponent<Props>(load: () => Promise<{ default: ComponentType<Props> }>): ComponentType<Props> {
  loaders.push(load);
  const Part = lazy(load) as unknown as ComponentType<Props & object>;
  return (props: Props) => (
    <PartBoundary>
      <Suspense fallback={null}>
        <Part {...(props as Props & object)} />
      </Suspense>
    </PartBoundary>
  );
}

/** Fetches all parts, so that they are there when there is no connection. A part that fails is fetched when it is needed. */
export async function preloadComponents(): Promise<void> {
  await Promise.allSettled(loaders.map((load) => load()));
}

/** A part that could not be fetched must not take the chat with it. */
class PartBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <Alert color="red" role="alert" m="xs">
        This part of the page could not be loaded: reload the page to try again.
      </Alert>
    );
  }
}
