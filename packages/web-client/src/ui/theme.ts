import { type CSSVariablesResolver, createTheme } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: 7,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  headings: { fontWeight: '650' },
  respectReducedMotion: true,
});

/** Raises the contrast of Mantine's dimmed and error texts to the 4.5 that WCAG 2.2 requires. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636b',
    '--mantine-color-placeholder': '#6b727a',
    '--mantine-color-error': '#c92a2a',
    '--own-bubble-colour': '#dbe4ff',
    '--highlight-colour': '#ffec99',
    '--read-colour': '#364fc7',
  },
  dark: {
    '--mantine-color-dimmed': '#a6a6a6',
    '--mantine-color-placeholder': '#9a9a9a',
    '--mantine-color-error': '#ff8787',
    '--own-bubble-colour': '#2b3a67',
    '--highlight-colour': '#4d4012',
    '--read-colour': '#91a7ff',
  },
});
