/** How much of a whole, as a bar; `part` lies in front of `behind`. */
export function Meter({ label, whole, part, behind = 0 }: { label: string; whole: number; part: number; behind?: number }) {
  const percent = (count: number) => (whole > 0 ? Math.min(100, (100 * count) / whole) : 0);
  return (
    <svg
      className="meter"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={whole}
      aria-valuenow={part}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
    >
      <rect className="behind" width={percent(behind)} height="6" />
      <rect className="part" width={percent(part)} height="6" />
    </svg>
  );
}
