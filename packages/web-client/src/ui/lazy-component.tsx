import { Alert } from '@mantine/core';
import { Component, type ComponentType, lazy, type ReactNode, Suspense } from 'react';

const loaders: (() => Promise<unknown>)[] = [];

/** Creates a component that is loaded on first use, or by `preloadComponents`. */
export function lazyComponent<Props>(load: () => Promise<{ default: ComponentType<Props> }>): ComponentType<Props> {
  loaders.push(load);
  const Loaded = lazy(load) as unknown as ComponentType<Props & object>;
  return (props: Props) => (
    <LoadErrorBoundary>
      <Suspense fallback={null}>
        <Loaded {...(props as Props & object)} />
      </Suspense>
    </LoadErrorBoundary>
  );
}

/** Loads all lazy components, so that they also work offline. One that fails is loaded again on first use. */
export async function preloadComponents(): Promise<void> {
  await Promise.allSettled(loaders.map((load) => load()));
}

/** Shows an error in place of a component that could not be loaded, so that the rest of the page keeps working. */
class LoadErrorBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <Alert color="red" role="alert" m="xs">
        Could not load this part of the page. Reload the page to try again.
      </Alert>
    );
  }
}
