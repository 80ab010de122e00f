import { NumberInput, Select } from "@mantine/core";
import { useState } from "react";
import { type Unit, unitOf, units } from "./span.ts";
import { t } from "./text.ts";
import "./pickers.css";

type Props = {
  label: string;
  description?: string;
  /** In seconds; "" where nothing is set. */
  value: number | "";
  onChange: (seconds: number | "") => void;
  error?: string;
  isRequired?: boolean;
};

/** A span of time, typed in the unit that suits it. */
export const Span = ({ label, description, value, onChange, error, isRequired }: Props) => {
  const [picked, setUnit] = useState<Unit>();
  const fits = picked !== undefined && (value === "" || value % units[picked] === 0);
  const unit = fits ? picked : value === "" ? "seconds" : unitOf(value);
  return (
    <NumberInput
      label={label}
      description={description}
      error={error}
      required={isRequired}
      min={1}
      allowDecimal={false}
      allowNegative={false}
      value={value === "" ? "" : value / units[unit]}
      onChange={(amount) => onChange(amount === "" ? "" : Math.round(Number(amount) * units[unit]))}
      inputContainer={(input) => (
        <div className="span">
          {input}
          <Select
            aria-label={t("unitOf", { of: label })}
            allowDeselect={false}
            value={unit}
            onChange={(next) => {
              if (!next) return;
              setUnit(next as Unit);
              if (value !== "") onChange(Math.round((value / units[unit]) * units[next as Unit]));
            }}
            data={Object.keys(units).map((one) => ({ value: one, label: t(one as Unit) }))}
          />
        </div>
      )}
    />
  );
};
