import { onScopeDispose } from 'vue'

/** Calls back each time the browser restores the page from its back/forward cache, with its old state. */
export function onReturn(work: () => void): void {
  const look = (event: PageTransitionEvent): void => {
    if (event.persisted) work()
  }
  addEventListener('pageshow', look)
  // Outside a component, the listener lasts as long as the page.
  onScopeDispose(() => {
    removeEventListener('pageshow', look)
  }, true)
}
