import { CHANNELS } from './channels'
import { yuan, type Fen } from './money'
import { isRevival, STATUS, statusText } from './status'
import { fullWidth } from './words'

const ACTORS: Readonly<Record<string, string>> = {
  buyer: '买家',
  shop: '商家',
  staff: '商家',
  ...CHANNELS,
  deadline: '系统',
  system: '系统',
  job: '系统',
}

/** The actor of a change. */
export const actorText = (actor: string): string => ACTORS[actor] ?? actor

interface Entry {
  from: number | null
  to: number
  actor: string
  reason: string
  amount?: { from: Fen; to: Fen } | undefined
  oldAddress?: string | undefined
}

/** The text of a timeline entry, for the buyer, or for staff with the actor. */
export function timelineText({ from, to, actor, amount, oldAddress }: Entry, isForStaff = false): string {
  const buyer = isForStaff ? '买家' : '您'
  if (from === null) return '提交订单'
  if (amount) return `商家优惠，订单金额由 ${yuan(amount.from)} 改为 ${yuan(amount.to)}`
  if (oldAddress !== undefined) return isByStaff(actor) ? '商家修改了收货地址' : `${buyer}修改了收货地址`
  switch (to) {
    case STATUS.toShip:
      return isRevival({ from, to }) ? '取消后收到付款，订单已恢复，等待发货' : '付款成功，等待发货'
    case STATUS.shipped:
      return '已发货'
    case STATUS.done:
      return actor === 'buyer' ? '已确认收货' : '超过收货期限，自动确认收货'
    case STATUS.cancelled:
      if (actor === 'buyer') return `${buyer}取消了订单`
      return isByStaff(actor) ? '商家取消了订单' : '超过付款期限，订单自动取消'
    case STATUS.refunded:
      return '订单已全额退款'
    default:
      return statusText(to)
  }
}

const isByStaff = (actor: string): boolean => ['shop', 'staff'].includes(actor)
/** The service's reason if a buyer gives none. */
const NO_REASON = '买家取消'
/** The service's reasons for steps that `timelineText` already describes. */
const OF_THE_STEP = ['下单', '支付成功', '确认收货', '买家修改收货地址', NO_REASON]

/** The reason for staff, unless it repeats the step. */
export const reasonForStaff = (reason: string): string => (OF_THE_STEP.includes(reason) ? '' : fullWidth(reason))

/** The reason that a person gave; the service's own reasons are already in `timelineText`. */
export function writtenReason({ to, actor, reason, amount, oldAddress }: Entry): string {
  if (amount !== undefined || oldAddress !== undefined) return reasonForStaff(reason)
  const isGiven = [STATUS.cancelled, STATUS.refunded].some((status) => status === to) && (isByStaff(actor) || actor === 'buyer')
  return isGiven && reason !== NO_REASON ? reason : ''
}
