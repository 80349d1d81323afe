import { ref, shallowRef, watch, type Ref } from 'vue'

import { isSignedOut } from '@/api/guard'

import { onReturn } from './onReturn'

export interface Loading {
  isLoading: Ref<boolean>
  error: Ref<unknown>
  reload: () => Promise<void>
}

/**
 * Loads what a page shows, with the state of loading and errors, and again when the browser restores the page. `load` gets
 * the current value. A response that is overtaken by a later one is dropped. */
export function useLoad<T>(load: (shown: T | undefined) => Promise<T>): Loading & { value: Ref<T | undefined> } {
  const value = shallowRef<T>()
  const isLoading = ref(true)
  const error = shallowRef<unknown>()
  let latest = 0
  // A new value, from wherever, clears the error of an earlier load.
  watch(value, () => (error.value = undefined), { flush: 'sync' })

  async function reload(): Promise<void> {
    latest += 1
    const mine = latest
    isLoading.value = true
    error.value = undefined
    try {
      const loaded = await load(value.value)
      if (mine === latest) value.value = loaded
    } catch (cause) {
      // The browser is on its way to sign-in: the skeleton stays until then.
      if (isSignedOut(cause)) return
      if (mine === latest) error.value = cause
    }
    if (mine === latest) isLoading.value = false
  }

  void reload()
  onReturn(() => void reload())
  return { value, isLoading, error, reload }
}
