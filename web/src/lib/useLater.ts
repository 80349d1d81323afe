import { ElButton, ElMessage, type MessageHandler } from 'element-plus'
import { h, shallowRef, type Component, type ShallowRef } from 'vue'

/** What was said of the part that did not come last. */
let said: MessageHandler | undefined

/** The button is the reader's to press: a reload loses what was typed. */
const offer = () =>
  h('span', [
    '网络连接失败，或商城已更新。请重试，或刷新页面（未保存的内容需要重新填写）',
    h(ElButton, { link: true, type: 'primary', onClick: () => { location.reload() } }, () => '刷新页面'),
  ])

/**
 * A part of the page that has a file of its own, or nothing where it does not come. Browsers do not say why. Trying again helps
 * where the network failed; where the shop was upgraded since the page was opened, its file may be gone, and only a reload does.
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T | undefined> {
  const part = await load().catch(() => undefined)
  said?.close()
  if (part === undefined) said = ElMessage.error({ message: offer, duration: 0, showClose: true })
  return part
}

/** A component for those who need it; where it cannot be loaded that is said, and it is tried again the next time. */
export function useLater<T extends Component>(load: () => Promise<{ default: T }>): {
  component: ShallowRef<T | undefined>
  isThere: () => Promise<boolean>
} {
  const component = shallowRef<T>()
  async function isThere(): Promise<boolean> {
    component.value ??= (await loadPart(load))?.default
    return component.value !== undefined
  }
  return { component, isThere }
}
