// Resolves the ids in messages to what a person reads.

export function createNames(state) {
  const users = new Map(state.users.map((user) => [user.id, user]));
  const channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  const usergroups = new Map(state.usergroups.map((group) => [group.id, group]));
  const nobody = (id) => ({ id, name: id, real_name: id, is_bot: false });
  return {
    person: (id) => users.get(id) ?? nobody(id),
    user: (id) => (users.get(id) ?? nobody(id)).real_name,
    channel: (id) => channels.get(id)?.name ?? id,
    usergroup: (id) => usergroups.get(id)?.handle ?? id,
    allUsers: () => [...users.values()].map((user) => [user.id, user.real_name]),
    allChannels: () => [...channels.values()].filter((each) => each.kind !== "direct").map((each) => [each.id, `#${each.name}`]),
    label: (channel) => {
      if (channel.kind === "direct") return state.app.name;
      return `# ${channel.name}`;
    },
  };
}
