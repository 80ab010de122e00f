import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError } from "../../../api/error.ts";
import { issuesOf } from "../../../api/management.ts";
import { wordsFor } from "./Problem.tsx";
import { isSame } from "./same.ts";

type Errors<V> = Partial<Record<keyof V & string, string>>;
type Options<V> = {
  /** What is stored, or what a new one begins with. A form nobody has touched follows it. */
  initial: V;
  /** What is wrong, by field, before anything is sent. */
  check?: (values: V) => Errors<V>;
  /** The field an error of the server belongs to, by the beginning of its code or of the path in its issues. */
  where?: Record<string, keyof V & string>;
  onSubmit: (values: V) => Promise<unknown>;
};

/** The state of a form: its values, what is wrong and where, and whether it is being sent. */
export const useForm = <V extends object>({ initial, check, where = {}, onSubmit }: Options<V>) => {
  const [base, setBase] = useState(initial);
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Errors<V>>({});
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const element = useRef<HTMLFormElement>(null);
  const isDirty = !isSame(values, base);
  if (!isSame(initial, base)) {
    setBase(initial);
    if (!isDirty) setValues(initial);
  }
  const isWrong = Object.keys(errors).length > 0;
  useEffect(() => {
    if (isWrong) element.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid="true"]')?.focus();
  }, [isWrong]);

  const place = (problem: unknown) => {
    const issues = issuesOf(problem);
    const found: Errors<V> = {};
    const fieldOf = (path: string) => Object.entries(where).find(([begin]) => path.startsWith(begin))?.[1] ?? (path in values ? path : undefined);
    for (const issue of issues) {
      const name = fieldOf(issue.path) as (keyof V & string) | undefined;
      if (name) found[name] ??= issue.message;
    }
    const name =
      problem instanceof ApiError && issues.length === 0 ? Object.entries(where).find(([code]) => problem.code.startsWith(code))?.[1] : undefined;
    if (name) found[name] = wordsFor(problem);
    setErrors(found);
    setError(Object.keys(found).length > 0 ? undefined : problem);
  };
  const set = <K extends keyof V & string>(name: K, value: V[K]) => {
    setValues((old) => ({ ...old, [name]: value }));
    setErrors(({ [name]: _, ...others }) => others as Errors<V>);
  };
  const submit = async (event?: FormEvent) => {
    event?.preventDefault();
    if (isBusy) return;
    const wrong = check?.(values) ?? {};
    setErrors(wrong);
    setError(undefined);
    if (Object.keys(wrong).length > 0) return;
    setBusy(true);
    try {
      await onSubmit(values);
    } catch (problem) {
      place(problem);
    } finally {
      setBusy(false);
    }
  };
  return {
    values,
    set,
    errors,
    /** What could not be laid at any field. */
    error,
    isBusy,
    isDirty,
    submit,
    element,
    reset: () => {
      setValues(base);
      setErrors({});
      setError(undefined);
    },
    /** The properties of a text input for a field. */
    text: <K extends keyof V & string>(name: K) => ({
      name,
      value: String(values[name] ?? ""),
      error: errors[name],
      onChange: (event: { currentTarget: { value: string } }) => set(name, event.currentTarget.value as V[K]),
    }),
    /** The properties of a switch or a checkbox for a field. */
    tick: <K extends keyof V & string>(name: K) => ({
      name,
      checked: Boolean(values[name]),
      onChange: (event: { currentTarget: { checked: boolean } }) => set(name, event.currentTarget.checked as V[K]),
    }),
  };
};

export type Form = Pick<ReturnType<typeof useForm<object>>, "error" | "isBusy" | "isDirty" | "submit" | "element" | "reset">;
