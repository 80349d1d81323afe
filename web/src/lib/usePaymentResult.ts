import { onScopeDispose, ref } from 'vue'

import { toSignIn } from '@/api/guard'
import { order as readOrder, paymentResult, story, type Order } from '@/api/orders'

import { ApiError, inWords, mayPass } from './errors'
import type { Fen } from './money'
import { onReturn } from './onReturn'
import { orderFrom } from './page'
import { user } from './session'
import { isRevival, refundDueText, STATUS } from './status'

/** How often the page asks before the buyer must ask again, and the pause between, in milliseconds. */
export const TRIES = 30
export const PAUSE = 2000

/**
 * The known state of a payment. `unsure` never becomes a success by itself: the buyer may ask again. `revived`: the order
 * was cancelled when its payment arrived, and its goods were still in stock. `returning` and `returned`: the order stays
 * cancelled, and the money is refunded. `wrong`: a payment of another amount arrived. `unknown`: the signed-in user has no
 * such order. */
export type PaymentState = 'asking' | 'paid' | 'revived' | 'cancelled' | 'returning' | 'returned' | 'refunded' | 'wrong' | 'unsure' | 'unknown'

/**
 * Whether the state may change while the page is open. A buyer whom Alipay sends back to a cancelled order has paid late,
 * and Alipay's notification may arrive after the buyer. */
function mayChange(state: PaymentState, search: string): boolean {
  return ['asking', 'wrong', 'returning'].includes(state) || (state === 'cancelled' && isSigned(search))
}

/** Alipay's return URL has a signature; a link to an order has none. */
function isSigned(search: string): boolean {
  return new URLSearchParams(search).has('sign')
}

/** The service queried Alipay, which knows of no payment. */
const UNPAID = 50105
const NO_SUCH_ORDER = 50107

interface Known {
  state: PaymentState
  number: string
  amount: Fen
  /** What happens to money that did not pay the order, if known. */
  refundDue?: string
}

/** Asks once: with Alipay's signed query string if there is one, otherwise for the order itself. */
async function ask(search: string): Promise<Known> {
  let failure: ApiError | undefined
  if (isSigned(search)) {
    try {
      const { order, amount } = await paymentResult(search)
      // Only the buyer may see the order's details; that it is paid is certain without them.
      return user.value === undefined ? { state: 'paid', number: order, amount } : await tell(order, amount)
    } catch (error) {
      // The signature does not tell whose order it is and what happened to it; the buyer may read the order.
      if (!(error instanceof ApiError) || user.value === undefined) throw error
      failure = error
    }
  }
  const number = orderFrom(search)
  if (number === undefined) throw new ApiError(NO_SUCH_ORDER)
  const known = knownOf(await readOrder(number))
  // Alipay could not be queried: a payment may be on its way, so the buyer must not pay again now.
  if (['asking', 'cancelled'].includes(known.state) && failure && failure.code !== UNPAID && mayPass(failure)) throw failure
  return known
}

/** The state of a paid order. */
async function tell(number: string, amount: Fen): Promise<Known> {
  const known = await story(number).then(knownOf, () => undefined)
  return known ?? { state: 'paid', number, amount }
}

function knownOf(order: Order): Known {
  return { state: stateOf(order), number: order.number, amount: order.amount, refundDue: refundDueText(order) }
}

function stateOf(order: Order): PaymentState {
  const { status, timeline, refundDue } = order
  switch (status) {
    case STATUS.toShip:
    case STATUS.shipped:
    case STATUS.done:
      return timeline.some(isRevival) ? 'revived' : 'paid'
    case STATUS.cancelled:
      return refundDue ? (refundDue.refunded < refundDue.amount ? 'returning' : 'returned') : 'cancelled'
    case STATUS.refunded:
      return 'refunded'
    default:
      return refundDueText(order) ? 'wrong' : 'asking'
  }
}

/** The result of a payment: asks until it is known, a bounded number of times, and shows no result before. */
export function usePaymentResult(search: string) {
  const state = ref<PaymentState>('asking')
  const number = ref(orderFrom(search))
  const amount = ref<Fen>()
  const refundDue = ref<string>()
  const problem = ref('')
  /** Whether the service has answered that the order awaits its payment. */
  const isUnpaid = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let run = 0

  async function again(triesLeft: number, mine: number): Promise<void> {
    let goesOn = triesLeft > 0
    try {
      const known = await ask(search)
      if (mine !== run) return
      number.value = known.number
      amount.value = known.amount
      refundDue.value = known.refundDue
      problem.value = ''
      state.value = known.state
      isUnpaid.value = ['asking', 'wrong'].includes(known.state)
      if (!mayChange(known.state, search)) return
    } catch (error) {
      if (mine !== run) return
      problem.value = inWords(error)
      isUnpaid.value = error instanceof ApiError && error.code === UNPAID
      if (error instanceof ApiError && error.code === NO_SUCH_ORDER) {
        state.value = 'unknown'
        return
      }
      goesOn &&= mayPass(error)
    }
    if (goesOn) timer = setTimeout(() => void again(triesLeft - 1, mine), PAUSE)
    else if (state.value === 'asking') state.value = 'unsure'
  }

  function look(): void {
    clearTimeout(timer)
    // Without Alipay's parameters, only the buyer may see the result.
    if (!isSigned(search) && user.value === undefined) {
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
  onReturn(look)
  look()
  return { state, number, amount, refundDue, problem, isUnpaid, look }
}
