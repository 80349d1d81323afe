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
    const isNowhere = active === null || active === document.body || active === document.documentElement
    const isLost = isNowhere || active.closest('.el-message-box') !== null
    if (!isLost) return
    const isPlace = (element: HTMLElement): boolean => element.isConnected && ![document.body, document.documentElement].includes(element)
    // Of a dialog that is gone nothing is left around it.
    const place = path.find(isPlace) ?? document.querySelector<HTMLElement>('main h1')
    if (!place) return
    place.focus({ preventScroll: true })
    if (document.activeElement === place) return
    place.tabIndex = -1
    place.focus({ preventScroll: true })
  }
}
