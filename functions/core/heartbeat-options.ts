/** Where the heartbeat goes, its secret in place. */
export interface HeartbeatOptions {
  /** As healthchecks.io, Dead Man's Snitch and the like give it: whoever has it can beat, so it is a secret. */
  url: string;
  /** Permits http and private addresses. */
  allow_private: boolean;
}
