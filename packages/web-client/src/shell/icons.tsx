import type { ReactNode } from 'react';

interface IconProps {
  readonly size?: number;
}

/** Line drawings on a grid of 24, without a name of their own: what they stand beside or in says it. */
const lineIcon = (drawing: ReactNode) =>
  function Icon({ size = 20 }: IconProps) {
    return (
      <svg
        aria-hidden="true"
        width={size}
        height={size}
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        strokeWidth={1.8}
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {drawing}
      </svg>
    );
  };

export const BackIcon = lineIcon(<path d="M15 5l-7 7 7 7" />);
export const DownIcon = lineIcon(<path d="M12 5v14m-6-6l6 6 6-6" />);
export const PencilIcon = lineIcon(<path d="M4 20l1-4L16 5l3 3L8 19zm10-13l3 3" />);
export const PeopleIcon = lineIcon(
  <path d="M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zm-6 9a6 6 0 0 1 12 0m1-9a3 3 0 1 0-1-5.8M21 19a5 5 0 0 0-4-5" />,
);
export const SendIcon = lineIcon(<path d="M4 12l16-8-5 17-4-7zm7 2l9-10" />);
export const SunIcon = lineIcon(
  <path d="M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm0-14v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4L19 5" />,
);
export const MoonIcon = lineIcon(<path d="M20 14A8.5 8.5 0 0 1 10 4a8.5 8.5 0 1 0 10 10z" />);
export const ClockIcon = lineIcon(<path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-14v5l3 2" />);
export const CheckIcon = lineIcon(<path d="M5 13l4.5 4.5L19 7" />);
export const DoubleCheckIcon = lineIcon(<path d="M2 13l4.5 4.5L16 7m-4 9l1.5 1.5L22 8" />);
export const AlertIcon = lineIcon(<path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-13v5m0 3v.1" />);

export function LogoIcon({ size = 28 }: IconProps) {
  return <img src="/favicon.svg" alt="" width={size} height={size} />;
}
