// undici ships types for its whole package only; this names the one file that http-pool.ts loads.
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export default Pool;
}
