// The Worker's cookies are the container's: every shared vector, one by one.

import { describe, expect, it } from "vitest";

import vectors from "../../../tests/contract/cookie.json";
import { COOKIES } from "../shared/constants.ts";
import { SessionSigner } from "./cookies.ts";

interface Vector {
  readonly name: string;
  readonly cookie: string;
  readonly shop_id: string;
  readonly now: number;
  readonly secret: string;
  readonly shopper_id: string | null;
  readonly expires: number | null;
}

const NOW = 1_800_000_000;
const SECRET = "a secret of some length";

function requestWith(cookie: string, scheme = "https"): Request {
  return new Request(`${scheme}://shop.example/store`, { headers: { cookie } });
}

describe("a cookie", () => {
  it.each(vectors as unknown as Vector[])(
    "is read as the container reads it: $name",
    async (vector) => {
      const { cookie, shop_id, now, secret, shopper_id, expires } = vector;
      const session = await new SessionSigner(secret).verifyHeader(cookie, shop_id, now);
      expect(session?.shopperId ?? null).toBe(shopper_id);
      if (shopper_id !== null) expect(session?.expires).toBe(expires);
    },
  );

  it("makes a returning shopper of a new one", async () => {
    const signer = new SessionSigner(SECRET);
    const first = await signer.openSession(requestWith(""), "demo", NOW);
    expect(first.isFirstVisit).toBe(true);
    expect(first.setCookie).toMatch(/; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure$/);
    const cookie = first.setCookie?.split(";")[0] ?? "";
    const second = await signer.openSession(requestWith(cookie), "demo", NOW + 1);
    expect(second).toEqual({
      shopperId: first.shopperId,
      isFirstVisit: false,
      isNewShopper: true,
      setCookie: null,
    });
  });

  it("of who may not be followed ends with the browser's session", async () => {
    const signer = new SessionSigner(SECRET);
    const { setCookie } = await signer.openSession(requestWith(""), "demo", NOW, false);
    expect(setCookie).toMatch(
      /^__Host-shopper_demo=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  it("is named for the host over https alone, and one of the earlier name counts until renewed", async () => {
    const signer = new SessionSigner(SECRET);
    const plain = await signer.openSession(requestWith("", "http"), "demo", NOW);
    expect(plain.setCookie).toMatch(/^shopper_demo=/);
    const cookie = plain.setCookie?.split(";")[0] ?? "";
    const { LIFETIME } = COOKIES;
    const soon = await signer.openSession(requestWith(cookie), "demo", NOW + 9000);
    const late = await signer.openSession(requestWith(cookie), "demo", NOW + LIFETIME - 9);
    expect([soon.shopperId, soon.setCookie]).toEqual([plain.shopperId, null]);
    expect(late.shopperId).toBe(plain.shopperId);
    expect(late.setCookie).toMatch(/^__Host-shopper_demo=/);
  });

  it("of an earlier secret is the same shopper's, and is replaced", async () => {
    const before = await new SessionSigner(SECRET).openSession(requestWith(""), "demo", NOW);
    const today = new SessionSigner("the secret of today", ["yet another secret", SECRET]);
    const cookie = before.setCookie?.split(";")[0] ?? "";
    const session = await today.openSession(requestWith(cookie), "demo", NOW + 9000);
    expect(session).toMatchObject({
      shopperId: before.shopperId,
      isFirstVisit: false,
      isNewShopper: false,
    });
    const replaced = session.setCookie?.split(";")[0] ?? "";
    const alone = new SessionSigner("the secret of today");
    const again = await alone.openSession(requestWith(replaced), "demo", NOW + 9000);
    expect(again).toEqual({ ...session, setCookie: null });
  });

  it("makes a shopper who is new for an hour", async () => {
    const signer = new SessionSigner(SECRET);
    const first = await signer.openSession(requestWith(""), "demo", NOW);
    const cookie = first.setCookie?.split(";")[0] ?? "";
    const stillNew = await signer.openSession(requestWith(cookie), "demo", NOW + 3599);
    const after = await signer.openSession(requestWith(cookie), "demo", NOW + 3601);
    expect([first.isNewShopper, stillNew.isNewShopper, after.isNewShopper]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("is set anew for the same shopper when half of its time is over", async () => {
    const signer = new SessionSigner(SECRET);
    const first = await signer.openSession(requestWith("", "http"), "demo", NOW);
    const cookie = first.setCookie?.split(";")[0] ?? "";
    const later = await signer.openSession(
      requestWith(cookie, "http"),
      "demo",
      NOW + COOKIES.LIFETIME / 2 + 1,
    );
    expect(later.shopperId).toBe(first.shopperId);
    expect(later.setCookie).not.toBeNull();
    expect(later.setCookie).not.toContain("Secure");
  });

  it("of one shop says nothing to another", async () => {
    const signer = new SessionSigner(SECRET);
    const first = await signer.openSession(requestWith(""), "demo", NOW);
    const value = first.setCookie?.split(";")[0]?.split("=")[1] ?? "";
    const elsewhere = await signer.openSession(
      requestWith(`shopper_corner=${value}`),
      "corner",
      NOW,
    );
    expect(elsewhere.isFirstVisit).toBe(true);
    expect(elsewhere.shopperId).not.toBe(first.shopperId);
  });
});
