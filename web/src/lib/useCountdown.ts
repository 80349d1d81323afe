import { computed, onScopeDispose, ref, type ComputedRef } from 'vue'

import { fromShanghai, left, serverNow } from './time'

/** What is left until so many milliseconds before a deadline as the service writes it, ticking; nothing once that has passed or where there is none. */
export function useCountdown(deadline: () => string | null | undefined, early = 0): ComputedRef<string | undefined> {
  const now = ref(serverNow())
  const timer = setInterval(() => {
    now.value = serverNow()
  }, 1000)
  onScopeDispose(() => {
    clearInterval(timer)
  })
  return computed(() => {
    const text = deadline()
    const time = text ? fromShanghai(text) : undefined
    return time === undefined ? undefined : left(time - early, now.value)
  })
}
