// The least a Worker could do in the shop's place: return a constant, read what it reads, or pipe.

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const headers = { "content-type": "text/html; charset=utf-8" };
    if (pathname === "/constant") return new Response(env.PAGE, { headers });
    if (pathname === "/read") {
      await env.DB.prepare("SELECT type FROM persona WHERE id = ?").bind("one").first();
      return new Response(await env.KV.get("page", "stream"), { headers });
    }
    const { body } = await fetch(env.CONTAINER_URL, {
      method: "POST",
      body: "{}",
      signal: request.signal,
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
};
