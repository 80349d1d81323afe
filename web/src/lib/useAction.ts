import { ElMessage } from 'element-plus'
import { nextTick, ref } from 'vue'

import { isSignedOut } from '@/api/guard'

import { inWords } from './errors'
import { rememberFocus } from './focus'

/** Shows the text of an error, unless the browser is on its way to sign-in. */
export function complain(error: unknown, nameOf?: (sku: number) => string | undefined): void {
  if (!isSignedOut(error)) ElMessage.error({ message: inWords(error, nameOf), grouping: true, duration: 5000 })
}

/**
 * The work of a button: it runs once at a time, however often the button is clicked. Errors are shown, and the focus stays
 * where it was. `beforeClose` keeps its dialog open while the work runs, because its outcome would be lost. */
export function useAction<A extends unknown[]>(
  work: (...given: A) => Promise<unknown>,
  onError: (error: unknown) => void = complain,
) {
  const isBusy = ref(false)
  async function run(...given: A): Promise<void> {
    if (isBusy.value) return
    const restoreFocus = rememberFocus()
    isBusy.value = true
    try {
      await work(...given)
    } catch (error) {
      onError(error)
    } finally {
      isBusy.value = false
      void nextTick(restoreFocus)
    }
  }
  const beforeClose = (close: () => void): void => {
    if (!isBusy.value) close()
  }
  return { isBusy, run, beforeClose }
}
