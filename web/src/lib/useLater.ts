import { ElButton, ElMessage, type MessageHandler } from 'element-plus'
import { h, shallowRef, type Component, type ShallowRef } from 'vue'

/** The open message about a part that could not be loaded. */
let said: MessageHandler | undefined

/** The user must press the button: a reload loses typed text. */
const offer = () =>
  h('span', [
    '网络连接失败，或商城已更新。请重试，或刷新页面（未保存的内容需要重新填写）',
    h(ElButton, { link: true, type: 'primary', onClick: () => { location.reload() } }, () => '刷新页面'),
  ])

/**
 * A part of the page in a separate file; undefined if it cannot be loaded. Browsers do not tell the reason. A retry helps
 * after a network failure. If the shop was upgraded after the page was opened, the file may no longer exist, and only a
 * reload helps. */
export async function loadPart<T>(load: () => Promise<T>): Promise<T | undefined> {
  const part = await load().catch(() => undefined)
  said?.close()
  if (part === undefined) said = ElMessage.error({ message: offer, duration: 0, showClose: true })
  return part
}

/** A component that is loaded when it is needed. A failure is shown, and the next call tries again. */
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
