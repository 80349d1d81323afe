import { computed, onScopeDispose, ref, watch, type ComputedRef } from 'vue'

import { fromShanghai, left, serverNow, SHORTEST_PAYMENT } from './time'

export interface PaymentTime {
  /** The time left to pay, as a text; empty after the deadline or without one. */
  countdown: ComputedRef<string | undefined>
  /** Whether a payment can be started. A started payment can be completed until the deadline. */
  canBegin: ComputedRef<boolean>
  /** Whether the deadline has passed. */
  isOver: ComputedRef<boolean>
}

/** The time until which a payment can be started. */
export const LAST_MINUTE = '距付款截止不足 1 分钟，不能再开始付款；已经打开的付款页和付款码仍可付款。'

/** A countdown to a deadline in the service's format. */
export function usePaymentTime(deadline: () => string | null | undefined): PaymentTime {
  const now = ref(serverNow())
  let timer: ReturnType<typeof setInterval> | undefined
  const tick = () => {
    now.value = serverNow()
  }
  const follow = (isThere: boolean) => {
    clearInterval(timer)
    if (!isThere) return
    tick()
    timer = setInterval(tick, 1000)
  }
  watch(() => Boolean(deadline()), follow, { immediate: true })
  onScopeDispose(() => {
    clearInterval(timer)
  })
  const until = (early: number) => {
    const text = deadline()
    const time = text ? fromShanghai(text) : undefined
    return time === undefined ? undefined : left(time - early, now.value)
  }
  const countdown = computed(() => until(0))
  return {
    countdown,
    canBegin: computed(() => !deadline() || until(SHORTEST_PAYMENT) !== undefined),
    isOver: computed(() => Boolean(deadline()) && countdown.value === undefined),
  }
}
