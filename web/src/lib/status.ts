import type { Order } from '@/api/orders'

import { yuan } from './money'
import { numberFrom } from './page'

/** The statuses of an order with the service's numbers. */
export const STATUS = { unpaid: 1, toShip: 2, shipped: 3, done: 4, cancelled: 5, refunded: 6 } as const

const TEXTS: Readonly<Record<number, string>> = {
  1: '待付款',
  2: '待发货',
  3: '待收货',
  4: '已完成',
  5: '已取消',
  6: '已退款',
}

/** The label of a status. */
export const statusText = (status: number): string => TEXTS[status] ?? '未知状态'

/** The tabs of an order list, 全部 first. */
export const STATUS_TABS = [
  { status: 0, text: '全部' },
  ...Object.entries(TEXTS).map(([status, text]) => ({ status: Number(status), text })),
]

/** The tab of an order list in a query string; 全部 by default. */
export function tabFrom(search: string): number {
  const status = numberFrom(search, 'order_status', 'status') ?? 0
  return STATUS_TABS.some((tab) => tab.status === status) ? status : 0
}

const PAYMENTS: Readonly<Record<string, string>> = {
  settled: '已入账',
  duplicate: '重复付款',
  late: '逾期付款',
  wrong_amount: '金额不符',
  unknown_order: '未知订单',
}

/** The status of a payment, for staff. */
export const paymentText = (status: string): string => PAYMENTS[status] ?? status

/** Whether a cancelled order was revived: it was paid late, and its goods were still in stock. */
export const isRevival = (entry: { from: number | null; to: number }): boolean =>
  entry.from === STATUS.cancelled && entry.to === STATUS.toShip

type Paid = Pick<Order, 'status' | 'refundDue' | 'attempts' | 'refunds'>

/**
 * Whether a payment had another amount than the order. Only such a payment can pay an attempt of an unpaid or cancelled
 * order. The service does not tell the amount. */
const isPaidWrong = ({ status, attempts }: Paid): boolean =>
  (status === STATUS.unpaid || status === STATUS.cancelled) && attempts.some(({ state }) => state === 'paid')

/** What happens to money that did not pay its order; empty if there is none. */
export function refundDueText(order: Paid): string {
  if (!order.refundDue) {
    const back = order.refunds.length > 0 ? '退款情况见订单详情' : '商家核实后原路退回您的支付宝账号'
    return isPaidWrong(order) ? `收到一笔与订单金额不符的付款，${back}。` : ''
  }
  const { amount, refunded } = order.refundDue
  const left = amount - refunded
  const back = refunded > 0 ? `${yuan(refunded)} 已原路退回您的支付宝账号` : ''
  const going = left > 0 ? `${yuan(left)} 正在原路退回您的支付宝账号` : ''
  const why = order.status === STATUS.cancelled ? '收到付款时订单已取消，' : '您的另一笔付款不用于本订单，'
  return `${why}${[back, going].filter(Boolean).join('，')}。`
}
