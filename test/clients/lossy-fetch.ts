/** A `fetch` that counts its requests, and whose first mutation is carried out but never answered. */
export function makeLossyFetch(isLost = (body: string) => body.includes('newAISession')) {
  const sent: string[] = [];
  let lost = 0;
  const lossyFetch: typeof fetch = async (input, init) => {
    const body = typeof init?.body === 'string' ? init.body : '';
    sent.push(body || String(input));
    const response = await fetch(input, init);
    if (lost > 0 || !isLost(body)) return response;
    lost++;
    await response.text();
    throw new TypeError('fetch failed');
  };
  return { fetch: lossyFetch, sent };
}
