import type { ReactNode } from 'react';

interface IconProps {
  readonly size?: number;
}

/** Line icons on a 24-unit grid. They have no accessible name: the text or button next to them provides it. */
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
export const UpIcon = lineIcon(<path d="M12 19V5m-6 6l6-6 6 6" />);
export const CloseIcon = lineIcon(<path d="M6 6l12 12M18 6L6 18" />);
export const CopyIcon = lineIcon(<path d="M9 9h10v11H9zM15 9V4H5v11h4" />);
export const InfoIcon = lineIcon(<path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-10v5m0-8v.1" />);
export const MoreIcon = lineIcon(<path strokeWidth={3} d="M5 12v.1M12 12v.1M19 12v.1" />);
export const ReplyIcon = lineIcon(<path d="M10 6l-6 6 6 6m-6-6h10a6 6 0 0 1 6 6v1" />);
export const SearchIcon = lineIcon(<path d="M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2l5 5" />);
export const SmileIcon = lineIcon(
  <path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9 10v.1M15 10v.1M8.5 14.5a4.5 4.5 0 0 0 7 0" />,
);
export const TrashIcon = lineIcon(<path d="M5 7h14M10 7V4h4v3m-7 0l1 13h8l1-13" />);
export const DownIcon = lineIcon(<path d="M12 5v14m-6-6l6 6 6-6" />);
export const PencilIcon = lineIcon(<path d="M4 20l1-4L16 5l3 3L8 19zm10-13l3 3" />);
export const PeopleIcon = lineIcon(
  <path d="M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zm-6 9a6 6 0 0 1 12 0m1-9a3 3 0 1 0-1-5.8M21 19a5 5 0 0 0-4-5" />,
);
export const SendIcon = lineIcon(<path d="M4 12l16-8-5 17-4-7zm7 2l9-10" />);
export const ClockIcon = lineIcon(<path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-14v5l3 2" />);
export const CheckIcon = lineIcon(<path d="M5 13l4.5 4.5L19 7" />);
export const CircledCheckIcon = lineIcon(<path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm-4-8.5l2.8 2.8 5-5.5" />);
export const DoubleCheckIcon = lineIcon(<path d="M2 13l4.5 4.5L16 7m-4 9l1.5 1.5L22 8" />);
export const AlertIcon = lineIcon(<path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-13v5m0 3v.1" />);

export function LogoIcon({ size = 28 }: IconProps) {
  return <img src="/favicon.svg" alt="" width={size} height={size} />;
}
