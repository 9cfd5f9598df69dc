import { avatarKey } from '../record-keys.ts';
import { newAvatar } from './issue-upload.ts';
import { create, type Transition } from './transition.ts';

export interface BindAgentInput {
  readonly agentId: string;
  readonly organizationId: string;
}

/** Binds an agent to an organization; repeating it is `bound`. `conflict`: it is bound to another one. */
export const bindAgent: Transition<BindAgentInput, 'bound' | 'conflict'> = {
  reads: ({ agentId }) => ({ avatar: avatarKey({ entityType: 'agents', entityId: agentId }) }),
  decide({ avatar }, { agentId, organizationId }) {
    if (avatar) return { outcome: avatar.organizationId === organizationId ? 'bound' : 'conflict' };
    const agent = newAvatar({ entityType: 'agents', entityId: agentId }, organizationId);
    return { outcome: 'bound', writes: { avatar: create(avatarKey(agent), agent) } };
  },
};
