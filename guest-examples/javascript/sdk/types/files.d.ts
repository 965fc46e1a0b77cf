// Files that the build puts into the app: texts as strings, pictures as bytes.
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.html" {
  const text: string;
  export default text;
}
declare module "*.txt" {
  const text: string;
  export default text;
}
declare module "*.svg" {
  const text: string;
  export default text;
}
declare module "*.md" {
  const text: string;
  export default text;
}
declare module "*.sql" {
  const text: string;
  export default text;
}
declare module "*.png" {
  const bytes: Uint8Array;
  export default bytes;
}
declare module "*.jpg" {
  const bytes: Uint8Array;
  export default bytes;
}
declare module "*.gif" {
  const bytes: Uint8Array;
  export default bytes;
}
declare module "*.webp" {
  const bytes: Uint8Array;
  export default bytes;
}
declare module "*.ico" {
  const bytes: Uint8Array;
  export default bytes;
}
declare module "*.woff2" {
  const bytes: Uint8Array;
  export default bytes;
}
