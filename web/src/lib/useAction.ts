import { ElMessage } from 'element-plus'
import { nextTick, ref } from 'vue'

import { isSignedOut } from '@/api/guard'

import { inWords } from './errors'
import { rememberFocus } from './focus'

/** Says in words what went wrong; somebody on the way to sign-in need not read it. */
export function complain(error: unknown, nameOf?: (sku: number) => string | undefined): void {
  if (!isSignedOut(error)) ElMessage.error({ message: inWords(error, nameOf), grouping: true, duration: 5000 })
}

/**
 * A button's work: once at a time, however often it is clicked; what goes wrong is said, and the keyboard stays where it was.
 * `beforeClose` keeps its dialog open while it is under way: its outcome would be told to nobody.
 */
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
