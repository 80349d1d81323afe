/**
 * Remembers where the keyboard is. Called when the work is done, the result puts it back there if it was lost meanwhile,
 * because its button was disabled or is gone: to the button, or to what is left of what was around it. A question that has
 * been answered fades out: its button still has the keyboard, and loses it with the question.
 */
export function rememberFocus(): () => void {
  const path: HTMLElement[] = []
  for (let element = document.activeElement; element instanceof HTMLElement; element = element.parentElement) path.push(element)
  return () => {
    const active = document.activeElement
    const isLost = active === null || active === document.body || active.closest('.el-message-box') !== null
    if (!isLost) return
    const place = path.find((element) => element.isConnected && element !== document.body)
    if (!place) return
    place.focus({ preventScroll: true })
    if (document.activeElement === place) return
    place.tabIndex = -1
    place.focus({ preventScroll: true })
  }
}
