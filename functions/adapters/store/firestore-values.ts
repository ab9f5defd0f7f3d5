/** Firestore's typed JSON values, as far as the store uses them. */

export type FieldValue = string | number | boolean | Date;
export type Fields = Readonly<Record<string, FieldValue | undefined>>;

/** Numbers must be safe integers; undefined fields are left out. */
export function encodeFields(fields: Fields): Record<string, object> {
  const encoded: Record<string, object> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) encoded[name] = encodeValue(value);
  }
  return encoded;
}

function encodeValue(value: FieldValue): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'number') return { integerValue: String(Math.trunc(value)) };
  return { timestampValue: value.toISOString() };
}

/** What is of another type is left out. */
export function decodeFields(encoded: Readonly<Record<string, object>>): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  for (const [name, typed] of Object.entries(encoded)) {
    const [type, value] = Object.entries(typed)[0] ?? [];
    if (type === 'stringValue' || type === 'booleanValue') fields[name] = value as string | boolean;
    else if (type === 'integerValue') fields[name] = Number(value);
    else if (type === 'timestampValue') fields[name] = new Date(value as string);
  }
  return fields;
}

export function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

export function integer(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' ? value : 0;
}

/** Milliseconds since the epoch; 0 where the field is absent. */
export function millis(fields: Fields, name: string): number {
  const value = fields[name];
  return value instanceof Date ? value.getTime() : 0;
}
