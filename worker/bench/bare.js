// The least a Worker could do in the shop's place: return a constant, read what it reads, or pipe.

const SELECT_PERSONA = `
SELECT personas.type, personas.confidence, personas.signals FROM shoppers
JOIN personas ON personas.hash = shoppers.current_persona_hash AND personas.shopper_id = shoppers.id
WHERE shoppers.id = ? AND shoppers.shop_id = ?
`;

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const headers = { "content-type": "text/html; charset=utf-8" };
    if (pathname === "/s/constant") return new Response(env.PAGE, { headers });
    await env.DB.prepare(SELECT_PERSONA).bind("one", "demo").first();
    if (pathname === "/s/read") {
      const [page] = await Promise.all(["page", "shared"].map((key) => env.KV.get(key, "stream")));
      return new Response(page, { headers });
    }
    const { body } = await fetch(env.CONTAINER_URL, {
      method: "POST",
      body: "{}",
      signal: request.signal,
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
};
