/** Builds a value once for each object, such as a prepared statement for a database, and forgets it with the object. */
export function memoize<Key extends object, Value>(build: (key: Key) => Value): (key: Key) => Value {
  const values = new WeakMap<Key, Value>();
  return (key) => {
    const known = values.get(key);
    if (known !== undefined) return known;
    const value = build(key);
    values.set(key, value);
    return value;
  };
}
