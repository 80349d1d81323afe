import { onScopeDispose } from 'vue'

/** Does something each time the page comes out of the browser's memory, on the way back: it is as it was left then. */
export function onReturn(work: () => void): void {
  const look = (event: PageTransitionEvent): void => {
    if (event.persisted) work()
  }
  addEventListener('pageshow', look)
  // What is asked for outside a component lasts as long as the page.
  onScopeDispose(() => {
    removeEventListener('pageshow', look)
  }, true)
}
