// Leaves the designed empty frame where a picture does not load.
{
  const leaveEmpty = (/** @type {HTMLImageElement} */ picture) => {
    const frame = document.createElement("span");
    frame.className = "frame-empty";
    frame.ariaHidden = "true";
    frame.textContent = picture.dataset.initial ?? "";
    picture.replaceWith(frame);
  };
  const isPicture = (/** @type {EventTarget | null} */ target) =>
    target instanceof HTMLImageElement && target.dataset.initial !== undefined;

  // Errors do not bubble, but they are captured on their way down, whenever a picture was put in.
  document.addEventListener(
    "error",
    ({ target }) => isPicture(target) && leaveEmpty(/** @type {HTMLImageElement} */ (target)),
    true,
  );
  for (const picture of document.images)
    if (isPicture(picture) && picture.complete && !picture.naturalWidth) leaveEmpty(picture);
}
