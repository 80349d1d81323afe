import { computed, onScopeDispose, ref } from 'vue'

import { toSignIn } from '@/api/guard'
import { order as readOrder, paymentResult } from '@/api/orders'

import { ApiError, inWords, mayPass } from './errors'
import type { Fen } from './money'
import { orderFrom } from './page'
import { user } from './session'
import { STATUS } from './status'

/** How often the page asks before it leaves asking to the buyer, and how long it waits in between, in milliseconds. */
export const TRIES = 30
export const PAUSE = 2000

/** What is known of a payment. `unsure` never becomes success by itself: the buyer may ask again. */
export type PaymentState = 'asking' | 'paid' | 'cancelled' | 'refunded' | 'unsure'

interface Known {
  state: PaymentState
  number: string
  amount: Fen
}

/** Asks once: with Alipay's signed query string where there is one, else for the order itself. */
async function ask(search: string): Promise<Known> {
  if (new URLSearchParams(search).has('sign')) {
    try {
      const { order, amount } = await paymentResult(search)
      return { state: 'paid', number: order, amount }
    } catch (error) {
      // Whose order it is and what became of it, the signature does not tell; the buyer may.
      if (!(error instanceof ApiError) || user.value === undefined) throw error
    }
  }
  const number = orderFrom(search)
  if (number === undefined) throw new ApiError(50107)
  const { status, amount } = await readOrder(number)
  return { state: stateOf(status), number, amount }
}

function stateOf(status: number): PaymentState {
  switch (status) {
    case STATUS.toShip:
    case STATUS.shipped:
    case STATUS.done:
      return 'paid'
    case STATUS.cancelled:
      return 'cancelled'
    case STATUS.refunded:
      return 'refunded'
    default:
      return 'asking'
  }
}

/** The result of a payment: asks until it is known, a bounded number of times, and claims nothing before. */
export function usePaymentResult(search: string) {
  const state = ref<PaymentState>('asking')
  const number = ref(orderFrom(search))
  const amount = ref<Fen>()
  const problem = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  let run = 0

  async function again(triesLeft: number, mine: number): Promise<void> {
    let goesOn = triesLeft > 0
    try {
      const known = await ask(search)
      if (mine !== run) return
      number.value = known.number
      amount.value = known.amount
      problem.value = ''
      if (known.state !== 'asking') {
        state.value = known.state
        return
      }
    } catch (error) {
      if (mine !== run) return
      problem.value = inWords(error)
      goesOn &&= mayPass(error)
    }
    if (goesOn) timer = setTimeout(() => void again(triesLeft - 1, mine), PAUSE)
    else state.value = 'unsure'
  }

  function look(): void {
    clearTimeout(timer)
    // Without Alipay's parameters only the buyer may be told.
    if (!new URLSearchParams(search).has('sign') && user.value === undefined) {
      toSignIn()
      return
    }
    run += 1
    state.value = 'asking'
    problem.value = ''
    void again(TRIES, run)
  }

  onScopeDispose(() => {
    clearTimeout(timer)
  })
  look()
  return { state, number, amount, problem, look, isKnown: computed(() => !['asking', 'unsure'].includes(state.value)) }
}
