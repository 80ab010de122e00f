import { useMutation } from "@tanstack/react-query";
import { type Command, command } from "../../../../../api/metadata.ts";
import { done } from "../../../parts/notify.ts";
import { useRefresh } from "../source.ts";

/** Runs a command of the metadata API and says that it is done. */
export const useCommand = (message: string) => {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ type, args }: Command) => command(type, args),
    onSuccess: async () => {
      await refresh();
      done(message);
    },
  });
};
