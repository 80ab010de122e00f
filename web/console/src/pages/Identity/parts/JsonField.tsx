import { lazy, Suspense, useEffect, useId } from "react";
import { Card } from "../../../parts/Card.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { isSameJson } from "./json.ts";

const JsonEditor = lazy(() => import("../../../parts/JsonEditor.tsx"));

type Props = {
  title: string;
  hint: string;
  /** What is typed, and what is stored, both as text. */
  value: string;
  stored: string;
  onChange: (value: string) => void;
  error?: string;
  isReadOnly: boolean;
};

/** A JSON object of the operator's own, as a field of a form. */
export const JsonField = ({ title, hint, value, stored, onChange, error, isReadOnly }: Props) => {
  const id = useId();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what arrives from the server takes the place of what means the same
  useEffect(() => {
    if (value !== stored && isSameJson(value, stored)) onChange(stored);
  }, [stored]);
  return (
    <Card title={title}>
      <p className="muted lead-in" id={id}>
        {hint}
      </p>
      <Suspense fallback={<Waiting />}>
        <JsonEditor label={title} value={value} onChange={onChange} isReadOnly={isReadOnly} describedBy={id} error={error} />
      </Suspense>
    </Card>
  );
};
