"""What students and engineers ask for, and the formulas that answer: any of them will do."""

QUERIES = {
    # names as they are spoken
    "leaky relu": "leaky_relu",
    "mean squared error": "mse",
    "root mean square error": "rmse rmse_formula",
    "rectified linear unit": "relu",
    "scaled dot product attention": "attention",
    "multi-head attention": "multi_head_attention",
    "batch normalisation": "batch_norm batch_norm_elem batch_norm_inference",
    "layer normalization": "layer_norm layer_norm_elem",
    "adam optimizer": "adam_step",
    "stochastic gradient descent": "sgd_step gradient_descent_step",
    "normal distribution density": "normal_pdf",
    "gaussian distribution": "normal_pdf",
    "softmax function": "softmax",
    "sigmoid derivative": "sigmoid_derivative",
    "bayes theorem": "bayes_rule",
    "pearson correlation coefficient": "pearson_r pearson_r_component",
    "standard deviation": "sample_standard_deviation",
    "cosine similarity": "cosine_similarity",
    "binomial coefficient": "binomial_coefficient",
    "moore penrose": "pseudo_inverse",
    # misspelt
    "sofmax": "softmax",
    "sigmiod": "sigmoid",
    "crossentrpy": "binary_crossentropy categorical_crossentropy",
    "guassian kernel": "rbf_kernel",
    "adagard": "adagrad_step",
    "wasserstien distance": "wasserstein_1d wasserstein2_gaussian",
    "mahalonobis": "mahalanobis_distance",
    "kulback leibler": "kl_divergence",
    "fourrier features": "random_fourier_features fourier_feature_sin fourier_feature_cos",
    "nestrov momentum": "nesterov_step",
    # by use
    "loss robust to outliers": "huber cauchy_loss barron_loss pseudo_huber mae",
    "smooth relu": "softplus squareplus",
    "imbalanced classes": "focal_loss balanced_accuracy matthews_corr weighted_bce_with_logits",
    "distance between distributions": "wasserstein_1d kl_divergence hellinger_distance "
    "total_variation_distance js_divergence frechet_distance energy_distance",
    "attention with positions": "rope alibi_scores positional_enc_sin",
    "learning rate with warmup": "warmup_linear_lr warmup_cosine_lr noam_lr",
    "prevent overfitting": "dropout l2 weight_decay label_smoothing max_norm stochastic_depth",
    "image segmentation loss": "dice_loss tversky_loss jaccard_loss generalized_dice_loss "
    "boundary_loss lovasz_hinge focal_tversky_loss",
    "loss for multi-class classification": "categorical_crossentropy "
    "categorical_crossentropy_logits sparse_categorical_crossentropy multi_margin_loss",
    "stop exploding gradients": "gradient_clip_norm gradient_clip_value adaptive_gradient_clip",
    "vanishing gradient initialization": "he_normal_std xavier_normal_std xavier_uniform_bound "
    "he_uniform_bound lecun_normal_std",
    "compare machine translations": "bleu chrf meteor_f_mean",
    "weight initialization for relu": "he_normal_std he_uniform_bound",
    "sparse weights penalty": "l1 elastic_net hoyer_square l0_penalty group_lasso "
    "sparse_group_lasso",
    "count data regression": "poisson_loss poisson_deviance poisson_deviance_loss "
    "poisson_log_likelihood zero_inflated_poisson_pmf",
    "object detection box overlap": "iou_loss giou_loss diou_loss jaccard_score",
    "contrastive learning of images": "nt_xent info_nce clip_loss moco_loss contrastive_loss "
    "supcon_loss",
    "noise schedule diffusion": "cosine_alpha_bar edm_sigma_schedule ddpm_forward",
    "align language model with human preferences": "dpo_loss ipo_loss kto_loss simpo_loss "
    "orpo_loss slic_loss bpr_loss",
    "low rank fine-tuning": "lora_forward lora_merge dora_merge",
    "fine tune a large language model cheaply": "lora_forward lora_merge dora_merge rslora_merge",
    "ranking of search results": "ndcg dcg bm25 mean_reciprocal_rank average_precision "
    "lambda_rank_loss ndcg_formula",
    "quality of clusters": "silhouette davies_bouldin_ratio calinski_harabasz dunn_index "
    "clustering_purity",
    "edges in an image": "sobel_magnitude",
    "survival analysis": "survival_exponential_nll survival_exponential weibull_survival "
    "weibull_hazard",
    "test if two means differ": "t_statistic welch_t cohens_d paired_t",
    "scaling laws for language models": "chinchilla_loss kaplan_loss chinchilla_optimal_params "
    "chinchilla_optimal_tokens",
    "option pricing": "black_scholes_call",
    "solve differential equation": "rk4_step euler_step heun_step",
    "numerical integration": "trapezoidal_rule simpsons_rule monte_carlo_integral "
    "booles_rule gauss_legendre_3 simpsons_three_eighths",
    # symbols and questions
    "what is γ in focal loss?": "focal_loss",
    "alpha in leaky relu": "leaky_relu",
    "what does beta1 do in adam": "adam_step adam_m_update",
    "tau in gumbel softmax": "gumbel_softmax",
    "how do I compute the f1 score": "f1_score f1_score_formula f1_from_counts",
    "epsilon in ppo": "ppo_clip_loss",
    "huber delta": "huber",
    "temperature of softmax": "temperature_softmax",
    # acronyms
    "bce": "binary_crossentropy",
    "kl": "kl_divergence",
    "ppo": "ppo_clip_loss",
    "ce loss with logits": "categorical_crossentropy_logits binary_crossentropy_logits",
    "lstm": "lstm_step lstm_hidden lstm_cell_state",
    "gan loss": "gan_generator_loss gan_discriminator_loss gan_generator_minimax",
    "vae": "beta_vae_loss gaussian_kl_standard evidence_lower_bound",
    "svm": "hinge squared_hinge hinge_basis epsilon_insensitive",
    "auc": "roc_auc",
    "mcc": "matthews_corr",
    "elbo": "evidence_lower_bound",
    "lr schedule cosine": "cosine_annealing_lr warmup_cosine_lr cosine_restarts_lr",
}
