/** Decides whether and when pictures of a page are restored. */

/** How far before a picture scrolls into view work on it begins. */
const MARGIN = "256px";

/** Whether the reader asked for little traffic: the runtime alone is 3 MB. */
export function savesData(): boolean {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  return connection?.saveData === true || matchMedia("(prefers-reduced-data: reduce)").matches;
}

/** Whether the reader asked for little motion. */
export const reducesMotion = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Wait until an element is in view or nearly so.
 *
 * @param signal - ends the wait; nothing is called then.
 */
export function whenNear(element: Element, signal: AbortSignal, then: () => void): void {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      if (!signal.aborted) then();
    },
    { rootMargin: MARGIN },
  );
  observer.observe(element);
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

/** Size on the page: width and height are exchanged if the picture is on its side. */
export function shownSize({
  width,
  height,
  orientation,
}: {
  width: number;
  height: number;
  orientation: number;
}): [number, number] {
  return orientation > 4 ? [height, width] : [width, height];
}
