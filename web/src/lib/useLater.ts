import { shallowRef, type Component, type ShallowRef } from 'vue'

import { ApiError, OFFLINE } from './errors'
import { complain } from './useAction'

/** A component for those who need it; where it cannot be loaded that is said, and it is tried again the next time. */
export function useLater<T extends Component>(load: () => Promise<{ default: T }>): {
  component: ShallowRef<T | undefined>
  isThere: () => Promise<boolean>
} {
  const component = shallowRef<T>()
  async function isThere(): Promise<boolean> {
    try {
      component.value ??= (await load()).default
    } catch {
      complain(new ApiError(OFFLINE))
    }
    return component.value !== undefined
  }
  return { component, isThere }
}
