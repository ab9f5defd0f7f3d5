declare module 'snappyjs' {
  const snappyjs: { uncompress(block: Buffer): Buffer };
  export default snappyjs;
}
