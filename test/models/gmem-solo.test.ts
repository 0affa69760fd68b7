/** The designs of the kvm_gmem_solo tree: what they leave out. */
import { expect, test } from "vitest";
import { gmemSoloFamily } from "../../models/proposals/gmem-solo/family.ts";

test("no slot of kvm_gmem_solo comes or goes where calls overlap", () => {
  const { designs, mutants } = gmemSoloFamily;
  const racing = [...designs, ...mutants.map(({ design }) => design)].flatMap((design) =>
    design.vectors
      .filter(({ mode }) => mode === "overlap")
      .map(({ scenario }) => design.scenarios[scenario!]),
  );
  expect(racing.length).toBeGreaterThan(3);
  for (const scenario of racing)
    expect(scenario?.without).toEqual(expect.arrayContaining(["create_slot", "delete_slot"]));
});
