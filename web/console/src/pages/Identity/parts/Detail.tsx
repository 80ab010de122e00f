import { Button, Tabs } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type LinkProps, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { ApiError } from "../../../../../api/error.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { LinkButton } from "../../../parts/LinkButton.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { SaveBar } from "../../../parts/SaveBar.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import type { Form } from "../../../parts/useForm.ts";
import { Waiting } from "../../../shell/Waiting.tsx";
import { t } from "../text.ts";
import "../identity.css";

type Deletion = { title: string; action: string; text: ReactNode; done: string; run: () => Promise<unknown> };
type Props<T> = {
  /** The list it is one of, and that list's name in the cache. */
  list: { to: LinkProps["to"]; name: string; kind: string };
  id: string;
  load: (id: string) => Promise<T>;
  nameOf: (one: T) => string;
  lead: (one: T) => ReactNode;
  /** What is said above the tabs. */
  note?: (one: T) => ReactNode;
  /** The first is shown where the address names none; what is false is left out. */
  tabs: (one: T) => (readonly [key: string, name: string, panel: ReactNode] | false)[];
  /** What deleting it means; undefined where it may not be deleted. */
  deletion: (one: T) => Deletion | undefined;
  /** What stands beside its name; a button that deletes it where nothing else is said. */
  actions?: (one: T, remove: () => void) => ReactNode;
};

/** One of a list at its own address: its name, what can be done with it, and its tabs. */
export const Detail = <T,>({ list, id, load, nameOf, lead, note, tabs, deletion, actions }: Props<T>) => {
  const [{ tab }] = useAddress<{ tab?: string }>();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const queryKey = [list.kind, "one", id];
  const { data: one, error, refetch } = useQuery({ queryKey, queryFn: () => load(id) });
  const isGone = error instanceof ApiError && error.status === 404;
  // What is shown, and typed, stays while it cannot be read again.
  if (error && (!one || isGone))
    return (
      <Page title={list.name} back={list}>
        {isGone ? (
          <Empty title={t("gone")} text={t("goneText", { id })}>
            <LinkButton to={list.to} variant="default">
              {list.name}
            </LinkButton>
          </Empty>
        ) : (
          <Problem error={error} onRetry={() => void refetch()} />
        )}
      </Page>
    );
  if (!one) return <Waiting />;
  const shown = tabs(one).filter((given) => given !== false);
  const first = shown[0]?.[0];
  const end = deletion(one);
  const remove = async () => {
    await end?.run();
    await navigate({ to: list.to, ignoreBlocker: true });
    client.removeQueries({ queryKey });
    await client.invalidateQueries({ queryKey: [list.kind] });
    done(end?.done ?? "");
  };
  const open = () => setDeleting(true);
  return (
    <Page
      title={nameOf(one)}
      back={list}
      lead={lead(one)}
      actions={
        actions
          ? actions(one, open)
          : end && (
              <Button variant="default" leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={open}>
                {t("delete")}
              </Button>
            )
      }
    >
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {note?.(one)}
      <Tabs
        value={shown.some(([key]) => key === tab) ? tab : first}
        onChange={(next) => void navigate({ to: ".", search: (next === first ? {} : { tab: next }) as never, resetScroll: false })}
        keepMounted={false}
      >
        <Tabs.List className="tabs">
          {shown.map(([key, name]) => (
            <Tabs.Tab key={key} value={key}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {shown.map(([key, , panel]) => (
          <Tabs.Panel key={key} value={key}>
            {panel}
          </Tabs.Panel>
        ))}
      </Tabs>
      {end && (
        <Confirm isOpen={isDeleting} title={end.title} action={end.action} word={nameOf(one)} onConfirm={remove} onClose={() => setDeleting(false)}>
          {isDeleting && end.text}
        </Confirm>
      )}
    </Page>
  );
};

/** A form that is a tab: its fields, and the bar that keeps or discards what is typed. */
export const FormTab = ({ form, children }: { form: Form; children: ReactNode }) => (
  <form className="panel" ref={form.element} onSubmit={form.submit} noValidate>
    {children}
    <SaveBar form={form} />
  </form>
);
