// Remember what a function has made of the last few texts, or of an object that outlives a request.

const MAX_LENGTH = 256 * 1024;

/** Return a function that computes the same, up to so many texts once each. */
export function remembered<T>(compute: (text: string) => T, most: number): (text: string) => T {
  const results = new Map<string, T>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = compute(text);
    if (text.length > MAX_LENGTH) return result;
    if (results.size >= most) results.clear();
    results.set(text, result);
    return result;
  };
}

/** Return a function that computes the same, once for each object as long as that lives. */
export function oncePer<K extends object, T extends object>(
  compute: (owner: K) => T,
): (owner: K) => T {
  const results = new WeakMap<K, T>();
  return (owner) => {
    const result = results.get(owner) ?? compute(owner);
    results.set(owner, result);
    return result;
  };
}
