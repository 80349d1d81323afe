import { toFen, type Fen } from '@/lib/money'

/** What happened to an order. */
export interface TimelineEntry {
  from: number | null
  to: number
  actor: string
  reason: string
  time: string
  /** What the order cost before and after, where staff lowered that. */
  amount?: { from: Fen; to: Fen } | undefined
  /** Where the order went before, in a line, where that was changed. */
  oldAddress?: string | undefined
}

/** An address of an order, as it is sent. */
export interface WireAddress {
  title: string
  address: string
  mobile: string
  receiver: string
}

/** What an order cost before and after it was lowered. */
export const changedAmount = (wire: { from: string; to: string } | undefined) => wire && { from: toFen(wire.from), to: toFen(wire.to) }

/** An address in a line. */
export const inALine = (wire: WireAddress | undefined) => wire && `${wire.receiver} ${wire.mobile} ${wire.address}`
