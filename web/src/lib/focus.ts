/**
 * Remembers the focused element. The result is called when the work is done: it restores the focus if it was lost in the
 * meantime, because the button was disabled or removed, to the button or to the nearest remaining ancestor. A dialog that
 * fades out still has the focus and loses it when it is gone. */
export function rememberFocus(): () => void {
  const path: HTMLElement[] = []
  for (let element = document.activeElement; element instanceof HTMLElement; element = element.parentElement) path.push(element)
  return () => {
    const active = document.activeElement
    const isNowhere = active === null || active === document.body || active === document.documentElement
    const isLost = isNowhere || active.closest('.el-message-box') !== null
    if (!isLost) return
    const isPlace = (element: HTMLElement): boolean => element.isConnected && ![document.body, document.documentElement].includes(element)
    // Nothing around a closed dialog remains.
    const place = path.find(isPlace) ?? document.querySelector<HTMLElement>('main h1')
    if (!place) return
    place.focus({ preventScroll: true })
    if (document.activeElement === place) return
    place.tabIndex = -1
    place.focus({ preventScroll: true })
  }
}
