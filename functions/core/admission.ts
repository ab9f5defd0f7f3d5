/** Admission: what one instance holds in flight is bounded, in events and in bytes; past that it says so at once. */

export interface Admission {
  /** In flight. */
  readonly events: number;
  /** Gives the function that ends the stay, or undefined when there is no room. */
  enter(bytes: number): (() => void) | undefined;
}

export function createAdmission(limits: { events: number; bytes: number }): Admission {
  let events = 0;
  let held = 0;
  return {
    get events() {
      return events;
    },
    enter(bytes) {
      // A message larger than the whole bound still passes alone, or it would never pass.
      if (events >= limits.events || (held + bytes > limits.bytes && events > 0)) return undefined;
      events += 1;
      held += bytes;
      let inside = true;
      return () => {
        if (!inside) return;
        inside = false;
        events -= 1;
        held -= bytes;
      };
    },
  };
}
