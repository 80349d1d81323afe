import { toFen, type Fen } from '@/lib/money'

/** An entry of an order's timeline. */
export interface TimelineEntry {
  from: number | null
  to: number
  actor: string
  reason: string
  time: string
  /** The amount before and after, if staff lowered it. */
  amount?: { from: Fen; to: Fen } | undefined
  /** The address before, in one line, if it was changed. */
  oldAddress?: string | undefined
}

/** An address of an order in the service's format. */
export interface WireAddress {
  title: string
  address: string
  mobile: string
  receiver: string
}

/** The amount of an order before and after it was lowered. */
export const changedAmount = (wire: { from: string; to: string } | undefined) => wire && { from: toFen(wire.from), to: toFen(wire.to) }

/** An address in one line. */
export const inALine = (wire: WireAddress | undefined) => wire && `${wire.receiver} ${wire.mobile} ${wire.address}`
