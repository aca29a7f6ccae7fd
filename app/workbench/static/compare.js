// Compares two pictures point by point. A point differs when a channel does by more than eye or rounding would.
const TOLERANCE = 12;
const FEW = 0.0002;
const FAR = [208, 52, 44, 255];

const readPixels = async (/** @type {string} */ address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser draws no pictures");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
};

/** @param {Uint8ClampedArray} old @param {Uint8ClampedArray} now @param {number} at */
const isFar = (old, now, at) => {
  for (let channel = at; channel < at + 4; channel += 1)
    if (Math.abs(old[channel] - now[channel]) > TOLERANCE) return true;
  return false;
};

/**
 * Compares the pictures at two addresses, and marks on a canvas what differs.
 * @param {string} before
 * @param {string} after
 * @param {HTMLCanvasElement} canvas
 */
export const compare = async (before, after, canvas) => {
  const [old, now] = await Promise.all([readPixels(before), readPixels(after)]);
  if (old.width !== now.width || old.height !== now.height) {
    return {
      same: false,
      why: `${old.width} × ${old.height} before, ${now.width} × ${now.height} now`,
    };
  }
  const marked = new ImageData(now.width, now.height);
  let differing = 0;
  for (let at = 0; at < now.data.length; at += 4) {
    if (isFar(old.data, now.data, at)) {
      marked.data.set(FAR, at);
      differing += 1;
    } else {
      marked.data.fill(200 + 0.2 * now.data[at + 1], at, at + 3);
      marked.data[at + 3] = 255;
    }
  }
  canvas.width = now.width;
  canvas.height = now.height;
  canvas.getContext("2d")?.putImageData(marked, 0, 0);
  const share = differing / (now.width * now.height);
  return { same: share <= FEW, why: `${differing} points differ (${(share * 100).toFixed(3)} %)` };
};
